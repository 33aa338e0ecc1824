// The whole product as `npm start` runs it, with six agents more: the no-op ones of the workload.
import { z } from 'zod';
import { SHIPPED_AGENTS } from '../../dist/agents/agent-registry.js';
import { outputOf, STEPS } from '../engine/workload.mjs';

const LAST_STEP = STEPS.length - 1;
const output = z.strictObject({ step: z.string(), topic: z.string(), text: z.string() });

for (const [step, phase] of STEPS.entries()) {
  SHIPPED_AGENTS.push({
    name: `noop_${phase.toLowerCase()}`,
    description: 'Gives about one kilobyte of text at once.',
    input: z.strictObject({ topic: z.string() }),
    output,
    system: () => 'Answer with the text.',
    prompt: ({ topic }) => topic,
    simulate: ({ topic }) => {
      // Tells when the run has gone on behind its approval, by a clock that all processes share.
      if (step === LAST_STEP)
        process.send?.({ wentOn: topic, at: performance.timeOrigin + performance.now() });
      return outputOf(topic, step);
    },
  });
}

// Whoever started it is gone.
process.on('disconnect', () => process.exit());
await import('../../dist/main.js');
