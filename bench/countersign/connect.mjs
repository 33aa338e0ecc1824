import { definition } from './definition.mjs';
import { RestClient } from './rest-client.mjs';
import { RunObserver } from './run-observer.mjs';
import { startServers } from './server-processes.mjs';

/** Starts the product and drives it through its REST API: one key starts runs, another approves them. */
export async function connect({
  folder,
  databaseUrl,
  workers,
  profileFolder,
  onWaiting,
  onDone,
  onFault,
  onWentOn,
}) {
  const { key, servers, stop, lastFaults } = await startServers({
    folder,
    databaseUrl,
    count: workers,
    profileFolder,
    onMessage: ({ wentOn, at }) => onWentOn(wentOn, at),
  });
  const setUp = new RestClient(servers[0].address, key);
  await setUp.post('/v1/workflow-definitions', definition);
  const { key: operatorKey } = await setUp.post('/v1/api-keys', { name: 'load', roles: ['operator'] });
  const operators = servers.map(({ address }) => new RestClient(address, operatorKey));
  const reviewers = servers.map(({ address }) => new RestClient(address, key));
  const { id: sessionId } = await operators[0].post('/v1/sessions', {
    consents: [{ subject: '*', purpose: 'benchmark', lawfulBasis: 'consent', granted: true }],
  });

  const keys = new Map();
  const ids = new Map();
  const seen = (id, status, fault) => {
    if (status === 'WAITING_FOR_APPROVAL') onWaiting(keys.get(id));
    else if (status === 'COMPLETED') onDone(keys.get(id));
    else onFault(new Error(`run ${id} ended ${status}: ${JSON.stringify(fault)}\n${lastFaults()}`));
  };
  const observer = new RunObserver(databaseUrl, seen, onFault);
  await observer.connect();
  let starts = 0;
  let approvals = 0;
  return {
    pids: servers.map(({ child }) => child.pid),
    observerPid: observer.pid,
    async start(topic) {
      const client = operators[starts++ % operators.length];
      const { id } = await client.post('/v1/workflows', {
        definition: definition.name,
        sessionId,
        input: { topic },
      });
      keys.set(id, topic);
      ids.set(topic, id);
      observer.watch(id);
    },
    async approve(topic) {
      const client = reviewers[approvals++ % reviewers.length];
      await client.post(`/v1/workflows/${ids.get(topic)}/approvals`, { decision: 'approve' });
    },
    observeEvery: (intervalMs) => (observer.intervalMs = intervalMs),
    completed: () => observer.completed(definition.name),
    async stop() {
      await observer.close();
      for (const client of [setUp, ...operators, ...reviewers]) client.close();
      await stop();
    },
  };
}
