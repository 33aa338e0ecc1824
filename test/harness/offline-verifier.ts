import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runVerify } from '../../src/verifier/run-verify.js';
import type { Verdict } from '../../src/verifier/verdict.js';

/** A folder in which files are verified by the offline verifier, as it is called from a command line. */
export class OfflineVerifier {
  private readonly folder = mkdtempSync(join(tmpdir(), 'countersign-verify-'));
  private count = 0;

  /** Writes a file and tells where it is. */
  file(content: string | Buffer, name = `file-${++this.count}`): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Verifies a content; `code` is the exit code. */
  verify(content: string | Buffer, ...args: readonly string[]): Verdict & { readonly code: number } {
    return this.verifyPath(this.file(content), ...args);
  }

  verifyPath(path: string, ...args: readonly string[]): Verdict & { readonly code: number } {
    const { code, output } = this.run(path, '--json', ...args);
    return { ...(JSON.parse(output) as Verdict), code };
  }

  /** What a call prints, as people read it. */
  run(...args: readonly string[]): { readonly code: number; readonly output: string } {
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    const code = runVerify(args, { print: write, complain: write });
    return { code, output: lines.join('\n') };
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
