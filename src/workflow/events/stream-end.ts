import { END_EVENTS } from '../runs/run.js';

const ENDS: ReadonlySet<string> = new Set(Object.values(END_EVENTS));

/** Whether nothing can follow an event of this type. */
export function isStreamEnd(type: string): boolean {
  return ENDS.has(type);
}
