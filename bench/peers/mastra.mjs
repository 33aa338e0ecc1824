// Mastra with its Postgres storage: a workflow of six steps, the last of which suspends until it is resumed.
import { Mastra } from '@mastra/core/mastra';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { PostgresStore } from '@mastra/pg';
import pg from 'pg';
import { z } from 'zod';
import { outputOf, STEPS } from '../engine/workload.mjs';

const CONNECTIONS = 20;
const WORKFLOW = 'six-phase-run';
const output = z.object({ step: z.string(), topic: z.string(), text: z.string() });
const input = z.object({ topic: z.string() });

export async function open({ databaseUrl, waiting, done }) {
  const storage = new PostgresStore({ id: 'bench', connectionString: databaseUrl, max: CONNECTIONS });
  const mastra = new Mastra({ storage, workflows: { [WORKFLOW]: workflowOfSteps() }, logger: false });
  await storage.init();
  const workflow = mastra.getWorkflow(WORKFLOW);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  return {
    async start(key) {
      const run = await workflow.createRun({ runId: key });
      const result = await run.start({ inputData: { topic: key } });
      expectStatus(result, 'suspended');
      waiting(key);
    },
    async approve(key) {
      const run = await workflow.createRun({ runId: key });
      const result = await run.resume({ step: STEPS.at(-1), resumeData: { approved: true } });
      expectStatus(result, 'success');
      done(key);
    },
    async completed() {
      const { rows } = await client.query(
        `select count(*) filter (where snapshot ->> 'status' = 'success')::int as runs,
                coalesce(sum((select count(*) from jsonb_each(snapshot -> 'context') as step
                              where step.value #>> '{output,text}' is not null)), 0)::int as outputs
         from mastra_workflow_snapshot where workflow_name = $1`,
        [WORKFLOW],
      );
      return rows[0];
    },
  };
}

function workflowOfSteps() {
  const last = STEPS.length - 1;
  const steps = STEPS.map((id, step) =>
    createStep({
      id,
      inputSchema: input,
      outputSchema: output,
      ...(step === last && { resumeSchema: z.object({ approved: z.boolean() }) }),
      execute: async ({ inputData, resumeData, suspend }) => {
        if (step === last && !resumeData) return suspend({});
        return outputOf(inputData.topic, step);
      },
    }),
  );
  const workflow = createWorkflow({ id: WORKFLOW, inputSchema: input, outputSchema: output });
  return steps.reduce((chain, step) => chain.then(step), workflow).commit();
}

function expectStatus({ status, error }, wanted) {
  if (status !== wanted) throw new Error(`the run is ${status} instead of ${wanted}: ${error?.message}`);
}
