// LangGraph.js with its Postgres checkpointer: a node a step, each output in a channel of its own, so that no growing
// state is written again; an interrupt before the last node and a resume as the approval.
import { Annotation, Command, END, interrupt, START, StateGraph } from '@langchain/langgraph';
import { PostgresSaver } from '@langchain/langgraph-checkpoint-postgres';
import pg from 'pg';
import { outputOf, STEPS } from '../engine/workload.mjs';

const CONNECTIONS = 20;

export async function open({ databaseUrl, waiting, done }) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS });
  const checkpointer = new PostgresSaver(pool);
  await checkpointer.setup();
  const graph = graphOfSteps().compile({ checkpointer });
  return {
    async start(key) {
      await graph.invoke({ topic: key }, configOf(key));
      waiting(key);
    },
    async approve(key) {
      await graph.invoke(new Command({ resume: true }), configOf(key));
      done(key);
    },
    async completed() {
      const { rows } = await pool.query(
        `select count(distinct thread_id) filter (where channel = $1)::int as runs,
                count(distinct (thread_id, channel))::int as outputs
         from checkpoint_blobs where channel like 'output_' and type <> 'empty'`,
        [channelOf(STEPS.length - 1)],
      );
      return rows[0];
    },
  };
}

function graphOfSteps() {
  const channels = Object.fromEntries(STEPS.map((_, step) => [channelOf(step), Annotation()]));
  const graph = new StateGraph(Annotation.Root({ topic: Annotation(), ...channels }));
  for (const [step, name] of STEPS.entries()) {
    graph.addNode(name, ({ topic }) => {
      if (step === STEPS.length - 1) interrupt('approval');
      return { [channelOf(step)]: outputOf(topic, step) };
    });
    graph.addEdge(step === 0 ? START : STEPS[step - 1], name);
  }
  graph.addEdge(STEPS.at(-1), END);
  return graph;
}

/** `sync`: a step is stored before the next one begins, as with all the others. */
function configOf(key) {
  return { configurable: { thread_id: key }, durability: 'sync' };
}

function channelOf(step) {
  return `output${step}`;
}
