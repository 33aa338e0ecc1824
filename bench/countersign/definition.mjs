/** Six agents over the phases, an approval before the last of them, nobody's data and nothing to deliver. */
export const definition = {
  name: 'six-phase-run',
  version: 1,
  title: 'Six-phase run',
  purpose: 'benchmark',
  input: {
    type: 'object',
    additionalProperties: false,
    required: ['topic'],
    properties: {
      topic: { type: 'string', maxLength: 200 },
      recipients: { type: 'array', maxItems: 0, default: [] },
    },
  },
  subjects: { recipients: '$.input.recipients' },
  phases: {
    // An agent's start is committed with what precedes it; in the very first phase nothing does that has an audit
    // record, and the commit is refused. So the first agent shares the phase of the second.
    INITIALIZATION: {},
    BATCH_DISCOVERY: { agents: [agent('INITIALIZATION'), agent('BATCH_DISCOVERY')] },
    STRATEGY_ANALYSIS: { agents: [agent('STRATEGY_ANALYSIS')] },
    GENERATION: {
      agents: [agent('GENERATION')],
      artifact: { kind: 'text', name: 'text', content: { text: '$.outputs.noop_generation' } },
    },
    REVIEW: { agents: [agent('REVIEW')], approval: { artifact: 'text', required: 1 } },
    DELIVERY: { agents: [agent('DELIVERY')] },
  },
};

function agent(step) {
  return { agent: `noop_${step.toLowerCase()}`, input: { topic: '$.input.topic' } };
}
