// BullMQ on Redis: a job a step, which adds the next one before it completes with its output; the approval adds the
// last. The id of a job is that of its step, so a step that is repeated does not add the next one twice.
import { Queue, Worker } from 'bullmq';
import { outputOf, STEPS } from '../engine/workload.mjs';

const QUEUE = 'steps';
const CONCURRENCY = 100;

export async function open({ redisPort, waiting, done, fault }) {
  const connection = { host: '127.0.0.1', port: redisPort, maxRetriesPerRequest: null };
  const queue = new Queue(QUEUE, { connection });
  const add = (key, step) =>
    queue.add(STEPS[step], { key, step }, { jobId: `${key.replaceAll(' ', '-')}-${STEPS[step]}` });
  const worker = new Worker(
    QUEUE,
    async ({ data: { key, step } }) => {
      if (step < STEPS.length - 2) await add(key, step + 1);
      return outputOf(key, step);
    },
    { connection, concurrency: CONCURRENCY },
  );
  worker.on('error', fault);
  worker.on('failed', (_, error) => fault(error));
  worker.on('completed', ({ data: { key, step } }) => {
    if (step === STEPS.length - 2) waiting(key);
    if (step === STEPS.length - 1) done(key);
  });
  await worker.waitUntilReady();
  return {
    start: (key) => add(key, 0),
    approve: (key) => add(key, STEPS.length - 1),
    async completed() {
      const jobs = await queue.getJobs(['completed']);
      const kept = jobs.filter(({ returnvalue }) => returnvalue?.text);
      return { runs: kept.filter(({ data }) => data.step === STEPS.length - 1).length, outputs: kept.length };
    },
  };
}
