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
  warmUp: ({ seconds, inFlight }) => load.warmUp(seconds, inFlight),
  together: ({ count, inFlight }) => load.together(count, inFlight),
  alone: ({ count }) => load.alone(count),
  atRate: ({ rate, seconds }) => load.atRate(rate, seconds),
  completed: () => load.completed(),
  stop: () => load.system.stop(),
};

process.on('message', ({ id, command, options }) => {
  void answer(id, command, options);
});

async function answer(id, command, options) {
  try {
    process.send({ id, result: await commands[command](options) });
  } catch (error) {
    process.send({ id, error: error.stack ?? String(error) });
  }
}

// Whoever called is gone, or wants us gone: nothing stays behind, for each process we started ends with us.
process.on('disconnect', () => process.exit());
// The terminal sends these to all processes at once: the one that called stops us in its order.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
