import { Injectable } from '@nestjs/common';
import { SafeMode } from '../compliance/safe-mode/safe-mode.service.js';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { Metrics } from '../observability/metrics.js';
import { ModelError } from './model-error.js';
import type { OpenModel } from './model-provider.js';
import type { ModelAnswer, ModelRequest } from './model-request.js';
import { MODEL_PROVIDERS } from './providers/provider-registry.js';

/** The one way to a language model, whichever is configured. */
@Injectable()
export class LanguageModels {
  private readonly opened: OpenModel;
  private readonly simulation: OpenModel;

  constructor(
    @InjectConfig('llm') private readonly config: AppConfig['llm'],
    private readonly metrics: Metrics,
    private readonly safeMode: SafeMode,
  ) {
    this.opened = MODEL_PROVIDERS[config.provider].open(config);
    this.simulation = MODEL_PROVIDERS.simulation.open(config);
  }

  /** Name of the configured provider. */
  get provider(): string {
    return this.opened.provider;
  }

  /** Name of the configured model. */
  get model(): string {
    return this.opened.model;
  }

  /** Time limit for a call whose caller has none of its own. */
  get timeoutMs(): number {
    return this.config.timeoutMs;
  }

  /**
   * Asks the model once and answers in the form of the request's schema. In safe mode the simulation answers in its place,
   * and the answer says so.
   *
   * @throws ModelError when the call fails or the answer is not usable; the signal's reason when the caller aborts
   */
  async generate<T>(request: ModelRequest<T>): Promise<ModelAnswer<T>> {
    const model = (await this.safeMode.isOnNow(request.tenantId)) ? this.simulation : this.opened;
    const startedAt = performance.now();
    const seconds = () => (performance.now() - startedAt) / 1_000;
    try {
      const answer = await model.generate(request);
      this.metrics.modelCalled(model.provider, 'success', seconds(), answer.usage);
      return answer;
    } catch (error) {
      // A call that its caller has given up says nothing about the provider.
      if (error instanceof ModelError) {
        const outcome = error.kind === 'timeout' ? 'timeout' : 'error';
        this.metrics.modelCalled(model.provider, outcome, seconds(), error.usage);
      }
      throw error;
    }
  }
}
