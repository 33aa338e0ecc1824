import { Fault } from './fault.js';
import { EXIT_CODES, fails, type Verdict } from './verdict.js';
import { verdictText } from './verdict-text.js';
import { verifyFile } from './verify-file.js';
import { ArgumentError, parseVerifyOptions, VERIFY_USAGE } from './verify-options.js';

/** Where a verification writes its lines: what holds, and what does not. */
export interface VerifyOutput {
  print(line: string): void;
  complain(line: string): void;
}

/** Verifies what the arguments name, says what was found and tells the exit code. */
export function runVerify(args: readonly string[], output: VerifyOutput): number {
  let verdict: Verdict;
  try {
    verdict = verifyFile(parseVerifyOptions(args));
  } catch (error) {
    if (error instanceof ArgumentError) {
      output.complain([error.message, '', ...VERIFY_USAGE].join('\n'));
      return EXIT_CODES.unusable;
    }
    // Whatever else went wrong here says nothing about the file: never "valid", nor "tampered".
    verdict = fails(error instanceof Fault ? error : new Fault('verifier_failed', String(error)));
  }
  if (args.includes('--json')) output.print(JSON.stringify(verdict, undefined, 2));
  else for (const line of verdictText(verdict)) write(output, verdict, line);
  return EXIT_CODES[verdict.verdict];
}

function write(output: VerifyOutput, { verdict }: Verdict, line: string): void {
  if (verdict === 'valid') output.print(line);
  else output.complain(line);
}
