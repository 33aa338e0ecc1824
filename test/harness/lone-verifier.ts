import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** What a run of the built verifier came to. */
export interface LoneVerdict {
  /** Exit code. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The built verifier as an auditor has it: one file in a folder of its own, without packages, settings or server. */
export class LoneVerifier {
  readonly folder = mkdtempSync(join(tmpdir(), 'countersign-auditor-'));

  constructor() {
    copyFileSync(resolve('dist/verify.mjs'), join(this.folder, 'verify.mjs'));
  }

  /** Puts a file beside the verifier. */
  put(name: string, content: string): void {
    writeFileSync(join(this.folder, name), content);
  }

  /** Runs `node verify.mjs …` there, with an empty environment. */
  run(...args: readonly string[]): Promise<LoneVerdict> {
    return new Promise((settle) => {
      const place = { cwd: this.folder, env: {} };
      execFile(process.execPath, ['verify.mjs', ...args], place, (error, out, err) =>
        settle({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
      );
    });
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
