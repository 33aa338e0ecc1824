import { runVerify } from './run-verify.js';
import { VERIFY_USAGE } from './verify-options.js';

// A reader that goes away (`| head`) changes nothing about what was found.
process.stdout.on('error', () => undefined);

// The whole program: built into one file that runs on Node 18 and later with nothing beside it.
const args = process.argv.slice(2);
if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
  process.stdout.write(
    `${['node verify.mjs '.concat(VERIFY_USAGE[0] ?? ''), ...VERIFY_USAGE.slice(1)].join('\n')}\n`,
  );
  process.exitCode = args.length === 0 ? 2 : 0;
} else {
  process.exitCode = runVerify(args, {
    print: (line) => process.stdout.write(`${line}\n`),
    complain: (line) => process.stderr.write(`${line}\n`),
  });
}
