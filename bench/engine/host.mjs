// The process of a peer: takes starts and approvals over a pipe, runs them in the peer, and tells what waits and what
// is done. A pipe costs less than any door of its own would.
import { Mailbox } from './mailbox.mjs';

const { adapter, ...options } = JSON.parse(process.argv[2]);
const mailbox = new Mailbox((message) => process.send(message));

function fault(error) {
  process.send({ fault: error.stack ?? String(error) });
}

const { open } = await import(adapter);
const peer = await open({
  ...options,
  waiting: (key) => mailbox.put('waiting', key),
  done: (key) => mailbox.put('done', key),
  fault,
});

process.on('message', ({ start = [], approve = [], ask }) => {
  for (const key of start) peer.start(key).catch(fault);
  for (const key of approve) peer.approve(key).catch(fault);
  if (ask === 'completed') peer.completed().then((completed) => process.send({ answer: completed }), fault);
});
// Whoever called is gone: nothing may stay behind.
process.on('disconnect', () => process.exit(0));
process.on('unhandledRejection', fault);
process.send({ ready: true });
