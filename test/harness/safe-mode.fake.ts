import type { SafeMode } from '../../src/compliance/safe-mode/safe-mode.service.js';

/** A switch that a test turns; off unless it says otherwise. */
export function fakeSafeMode(isOn: () => boolean = () => false): SafeMode {
  const known: Pick<SafeMode, 'isOn' | 'isOnNow'> = { isOn, isOnNow: async () => isOn() };
  return known as SafeMode;
}
