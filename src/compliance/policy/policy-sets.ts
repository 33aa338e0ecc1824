import { type Cedar, CedarSandbox } from './cedar.js';
import { mentionedFacts } from './mentioned-facts.js';
import type { PolicyTexts } from './policy-check.js';
import { callOf, type PolicyRequest } from './policy-request.js';
import type { PolicySettings } from './policy-settings.js';

/** The policies of one version with what is built in, and the settings they read. */
export interface PolicySet {
  readonly texts: PolicyTexts;
  readonly settings: PolicySettings;
}

/** What a set of policies says. `failure`: nothing that may be relied on. */
export interface PolicyAnswer {
  readonly result: 'allow' | 'deny' | 'failure';
  /** Ids of the policies that decided, or that could not be evaluated. */
  readonly policies: readonly string[];
}

interface Prepared {
  readonly slot: string;
  readonly generation: number;
  readonly settings: PolicySettings;
  readonly answers: Answers;
}

/** What a set has answered, by the facts that its policies mention. */
interface Answers {
  /** Undefined where a policy mentions what cannot be told: then every request is asked. */
  readonly keyOf: ReturnType<typeof mentionedFacts>;
  readonly known: Map<string, PolicyAnswer>;
}

/** Answers kept for a set: of all runs of a definition those of one action are mostly one and the same. */
const MAX_ANSWERS = 1_024;

const MAX_FORMS = 256;

/** What the engine keeps for a name it keeps for ever, so names are few and used again. */
const SLOTS = 64;

/**
 * Sets of policies, parsed and ready. The least recently used one gives its place to a new one; it is parsed again
 * when it is asked.
 */
export class PolicySets {
  private readonly sandbox = new CedarSandbox();
  /** By key, the least recently used first. */
  private readonly prepared = new Map<string, Prepared>();
  private readonly forms = new Map<string, unknown>();

  /** How many sets are parsed and ready. */
  get size(): number {
    return this.prepared.size;
  }

  isReady(key: string): boolean {
    return this.prepared.get(key)?.generation === this.sandbox.generation;
  }

  /** Parses a set under a key. Whether it could be parsed: what could not is not ready, and denies. */
  prepare(key: string, { texts, settings }: PolicySet): boolean {
    try {
      return this.sandbox.run((cedar) => {
        this.forgetOldSandbox();
        const slot = this.takeSlot(key);
        const { type } = cedar.preparsePolicySet(slot, { staticPolicies: { ...texts } });
        if (type !== 'success') return false;
        const keyOf = mentionedFacts(Object.values(texts).map((text) => this.inJson(cedar, text)));
        const answers = { keyOf, known: new Map<string, PolicyAnswer>() };
        this.prepared.set(key, { slot, generation: this.sandbox.generation, settings, answers });
        return true;
      });
    } catch {
      return false;
    }
  }

  /**
   * Asks a set that is ready. Anything but a clean answer is a failure: one policy that errs may be the one that
   * forbids. An answer is a function of the facts that the policies mention, so it is found once for the same facts.
   */
  ask(key: string, request: PolicyRequest): PolicyAnswer {
    const set = this.prepared.get(key);
    if (!set || set.generation !== this.sandbox.generation) return NO_ANSWER;
    this.prepared.delete(key);
    this.prepared.set(key, set);
    const { keyOf, known } = set.answers;
    const facts = keyOf?.(request);
    const before = facts === undefined ? undefined : known.get(facts);
    if (before) return before;
    const answer = this.evaluate(set, request);
    if (facts !== undefined && answer.result !== 'failure') {
      if (known.size >= MAX_ANSWERS) known.clear();
      known.set(facts, answer);
    }
    return answer;
  }

  private evaluate({ slot, settings }: Prepared, request: PolicyRequest): PolicyAnswer {
    try {
      const answer = this.sandbox.run((cedar) =>
        // Without the schema, which would cost twice the time: the request is built in its form, and what were missing would
        // make a policy err, which is no answer.
        cedar.statefulIsAuthorized({
          ...callOf(request, settings),
          preparsedPolicySetId: slot,
          validateRequest: false,
        }),
      );
      if (answer.type !== 'success') return NO_ANSWER;
      const { decision, diagnostics } = answer.response;
      if (diagnostics.errors.length > 0) {
        return { result: 'failure', policies: diagnostics.errors.map(({ policyId }) => policyId).toSorted() };
      }
      return {
        result: decision === 'allow' ? 'allow' : 'deny',
        policies: diagnostics.reason.toSorted(),
      };
    } catch {
      return NO_ANSWER;
    }
  }

  /** A policy in the engine's own form; undefined for what has none. What is built in stands in every set. */
  private inJson(cedar: Cedar, text: string): unknown {
    let form = this.forms.get(text);
    if (form === undefined) {
      const answer = cedar.policyToJson(text);
      form = answer.type === 'success' ? answer.json : undefined;
      if (this.forms.size >= MAX_FORMS) this.forms.clear();
      this.forms.set(text, form);
    }
    return form;
  }

  private forgetOldSandbox(): void {
    for (const [key, { generation }] of this.prepared) {
      if (generation !== this.sandbox.generation) this.prepared.delete(key);
    }
  }

  /** A free slot, or that of the set that was not asked for the longest time. */
  private takeSlot(key: string): string {
    const own = this.prepared.get(key);
    const [oldest] = this.prepared;
    const taken = own ? ([key, own] as const) : this.prepared.size >= SLOTS && oldest ? oldest : undefined;
    if (!taken) return freeSlot(new Set([...this.prepared.values()].map(({ slot }) => slot)));
    this.prepared.delete(taken[0]);
    return taken[1].slot;
  }
}

const NO_ANSWER: PolicyAnswer = { result: 'failure', policies: [] };

function freeSlot(used: ReadonlySet<string>): string {
  for (let number = 0; ; number++) {
    const slot = `set-${number}`;
    if (!used.has(slot)) return slot;
  }
}
