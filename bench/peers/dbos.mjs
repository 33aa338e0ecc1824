// DBOS Transact: a workflow of six steps started directly, a message as the approval.
import { DBOS } from '@dbos-inc/dbos-sdk';
import pg from 'pg';
import { outputOf, STEPS } from '../engine/workload.mjs';

const TOPIC = 'approval';
const APPROVAL_TIMEOUT_S = 3_600;
const CONNECTIONS = 20;

export async function open({ databaseUrl, waiting, done }) {
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: databaseUrl,
    systemDatabasePoolSize: CONNECTIONS,
    logLevel: 'error',
  });
  const workflow = DBOS.registerWorkflow(
    async (key) => {
      for (const [step, name] of STEPS.entries()) {
        if (step === STEPS.length - 1) {
          // A message that is there before somebody waits for it is kept.
          waiting(key);
          await DBOS.recv(TOPIC, APPROVAL_TIMEOUT_S);
        }
        await DBOS.runStep(async () => outputOf(key, step), { name });
      }
    },
    { name: 'six-phase-run' },
  );
  await DBOS.launch();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  return {
    async start(key) {
      const handle = await DBOS.startWorkflow(workflow, { workflowID: key })(key);
      await handle.getResult();
      done(key);
    },
    approve: (key) => DBOS.send(key, true, TOPIC),
    async completed() {
      const { rows } = await client.query(`
        select (select count(*) from dbos.workflow_status where status = 'SUCCESS')::int as runs,
               (select count(*) from dbos.operation_outputs where output like '%"text"%')::int as outputs`);
      return rows[0];
    },
  };
}
