// The whole product, with a clock around all that makes up its compliance path and, where asked, models that take their
// time. Whoever started it is told the figures on request.
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { AuditTrail } from '../../dist/compliance/audit/audit-trail.service.js';
import { Tokenizer } from '../../dist/compliance/pii/operators/tokenizer.js';
import { PolicySets } from '../../dist/compliance/policy/policy-sets.js';
import { LanguageModels } from '../../dist/llm/language-models.service.js';
import { StartGate } from '../../dist/workflow/admission/start-gate.service.js';
import { Transitions } from '../../dist/workflow/engine/transitions.service.js';

let latencyMs = 0;
let figures = empty();
/** Within it, what is part of something that is measured already is not counted again. */
const inside = new AsyncLocalStorage();

// Facts gathered, policies asked, rules applied, records built, what was made scanned.
measure(Transitions, 'gated', 'transition');
measure(StartGate, 'admit', 'transition');
// What else is built and scanned between transitions.
measure(AuditTrail, 'prepare', 'other');
measure(Tokenizer, 'tokenizeJson', 'other');
measure(Tokenizer, 'residual', 'other');

const { ask } = PolicySets.prototype;
PolicySets.prototype.ask = function (...args) {
  const from = performance.now();
  const answer = ask.apply(this, args);
  figures.decisionsMs.push(performance.now() - from);
  return answer;
};

const { generate } = LanguageModels.prototype;
LanguageModels.prototype.generate = async function (...args) {
  if (latencyMs > 0) await wait(latencyMs);
  return generate.apply(this, args);
};

process.on('message', ({ word, latencyMs: wanted }) => {
  if (word === 'begin') {
    latencyMs = wanted;
    figures = empty();
  }
  process.send(figures);
});
// Whoever started it is gone.
process.on('disconnect', () => process.exit());
await import('../../dist/main.js');

function empty() {
  return { wallMs: 0, cpuMs: 0, transitions: 0, decisionsMs: [] };
}

function measure({ prototype }, method, kind) {
  const original = prototype[method];
  if (!original) throw new Error(`there is no ${method} to be measured any more`);
  prototype[method] = function (...args) {
    if (inside.getStore()) return original.apply(this, args);
    const wall = performance.now();
    const cpu = process.threadCpuUsage();
    const end = () => {
      const { user, system } = process.threadCpuUsage(cpu);
      figures.wallMs += performance.now() - wall;
      figures.cpuMs += (user + system) / 1_000;
      if (kind === 'transition') figures.transitions += 1;
    };
    return inside.run(true, () => {
      let result;
      try {
        result = original.apply(this, args);
      } catch (error) {
        end();
        throw error;
      }
      if (!(result instanceof Promise)) {
        end();
        return result;
      }
      return result.finally(end);
    });
  };
}
