import { z } from 'zod';
import { reference } from './template.schema.js';

const YEAR_SECONDS = 31_536_000;

export const SIGNAL_NAME = /^[a-z][a-z0-9_]{0,62}$/;

const seconds = z.number().min(0.001).max(YEAR_SECONDS);

const timer = z
  .strictObject({
    seconds: seconds.optional(),
    until: reference.optional().meta({ description: 'Leads to an instant with its offset (RFC 3339).' }),
  })
  .refine((given) => (given.seconds === undefined) !== (given.until === undefined), {
    message: 'needs either seconds or until',
  })
  .meta({ description: 'Passes after some seconds, or at an instant.' });

const signal = z
  .strictObject({
    name: z.string().regex(SIGNAL_NAME).meta({ description: 'Its payload is then $.signals.<name>.' }),
    schema: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'JSON Schema 2020-12 of the payload.' }),
    timeoutSeconds: seconds
      .optional()
      .meta({ description: 'How long it is waited for; for ever when absent.' }),
    onTimeout: z
      .enum(['fail', 'continue'])
      .optional()
      .meta({ description: 'Whether the run ends when the signal does not come in time (fail).' }),
  })
  .meta({ description: 'Passes when somebody sends the signal; one sent before is kept.' });

const condition = z
  .strictObject({ timer: timer.optional(), signal: signal.optional() })
  .refine((given) => (given.timer === undefined) !== (given.signal === undefined), {
    message: 'needs either timer or signal',
  });

const wait = z
  .strictObject({
    timer: timer.optional(),
    signal: signal.optional(),
    anyOf: z
      .array(condition)
      .min(2)
      .max(10)
      .optional()
      .meta({ description: 'Passes with the first of these.' }),
  })
  .refine(
    (given) => [given.timer, given.signal, given.anyOf].filter((part) => part !== undefined).length === 1,
    {
      message: 'needs exactly one of timer, signal and anyOf',
    },
  );

export const waitStep = z
  .strictObject({ wait })
  .meta({ description: 'Holds the run until a time has come or a signal has arrived.' });

export type WaitStep = z.output<typeof waitStep>;
export type WaitSignal = z.output<typeof signal>;
type Condition = z.output<typeof condition>;

/** What a wait waits for, the first of which lets the run go on. */
export function conditionsOf({ wait: { timer: time, signal: sent, anyOf } }: WaitStep): readonly Condition[] {
  return anyOf ?? [{ timer: time, signal: sent }];
}
