import { createRequire } from 'node:module';
import type * as CedarModule from '@cedar-policy/cedar-wasm/nodejs';

export type Cedar = typeof CedarModule;
export type { DetailedError, StatefulAuthorizationCall } from '@cedar-policy/cedar-wasm/nodejs';

const require = createRequire(import.meta.url);
const PACKAGE = '@cedar-policy/cedar-wasm/nodejs';

/**
 * The engine in its sandbox. A policy that overruns the sandbox's stack leaves it broken for good: every later call fails
 * too. So whatever throws costs the sandbox, and the next call gets a new one that knows nothing of the old.
 */
export class CedarSandbox {
  private cedar: Cedar | undefined;
  private count = 0;

  /** How many sandboxes were made; what was prepared in an earlier one is gone. */
  get generation(): number {
    return this.count;
  }

  /** @throws whatever the engine throws, which is a fault of the sandbox and never an answer. */
  run<T>(work: (cedar: Cedar) => T): T {
    const cedar = (this.cedar ??= this.open());
    try {
      return work(cedar);
    } catch (error) {
      this.cedar = undefined;
      throw error;
    }
  }

  private open(): Cedar {
    this.count++;
    // The package keeps one instance; without its entry in the cache it makes another.
    Reflect.deleteProperty(require.cache, require.resolve(PACKAGE));
    return require(PACKAGE) as Cedar;
  }
}
