// The process beside a system: starts it, loads it as it is told, and tells what it measured.
import { Load } from './load.mjs';

const load = new Load();

const commands = {
  async connect({ connector, ...options }) {
    const { connect } = await import(connector);
    load.system = await connect({ ...options, ...load.listeners });
    const { pids, observerPid, storePid } = load.system;
    return { pids, observerPid, storePid };
  },
  together: ({ count, inFlight }) => load.together(count, inFlight),
  alone: ({ count }) => load.alone(count),
  atRate: ({ rate, seconds }) => load.atRate(rate, seconds),
  completed: async () => ({ completed: await load.system.completed(), submitted: load.numbers }),
  stop: () => load.system?.stop(),
};

process.on('message', ({ id, command, options }) => {
  // Promise.resolve().then: a command that throws at once is answered too.
  Promise.resolve()
    .then(() => commands[command](options))
    .then(
      (result) => process.send({ id, result }),
      (error) => process.send({ id, error: error.stack ?? String(error) }),
    );
});

// Whoever called is gone: nothing may stay behind.
process.on('disconnect', () => process.exit(1));
