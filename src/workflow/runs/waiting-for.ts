import { z } from 'zod';

const instant = z.iso.datetime();

const conditionSchema = z.union([
  z.object({ kind: z.literal('timer'), until: instant }),
  z.object({
    kind: z.literal('signal'),
    name: z.string(),
    /** When it is not waited for any longer. */
    until: instant.optional(),
    onTimeout: z.enum(['fail', 'continue']),
  }),
  z.object({ kind: z.literal('retry'), until: instant }),
]);

const waitingForSchema = z.object({
  /** Names the wait inside its run. */
  key: z.string(),
  /** The job that wakes the run at the earliest of its times. */
  jobId: z.uuid(),
  since: instant,
  /** The first that comes true lets the run go on. */
  conditions: z.array(conditionSchema).min(1),
});

export type WaitCondition = z.output<typeof conditionSchema>;

/** What a run waits for inside a phase, as its row keeps it. */
export type WaitingFor = z.output<typeof waitingForSchema>;

/** Reads what a row holds; undefined when it holds nothing, or not what the engine writes. */
export function readWaitingFor(stored: unknown): WaitingFor | undefined {
  if (stored === null || stored === undefined) return undefined;
  const parsed = waitingForSchema.safeParse(stored);
  return parsed.success ? parsed.data : undefined;
}

/** The earliest time of a wait. */
export function wakesAt({ conditions }: Pick<WaitingFor, 'conditions'>): Date | undefined {
  const times = conditions.flatMap(({ until }) => (until === undefined ? [] : [Date.parse(until)]));
  return times.length > 0 ? new Date(Math.min(...times)) : undefined;
}

/** The signals a wait listens for. */
export function signalsAwaited(waitingFor: WaitingFor | undefined): readonly string[] {
  return (waitingFor?.conditions ?? []).flatMap((each) => (each.kind === 'signal' ? [each.name] : []));
}
