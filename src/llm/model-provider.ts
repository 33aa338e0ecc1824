import type { AppConfig } from '../config/app-config.js';
import type { ModelAnswer, ModelRequest } from './model-request.js';

export type LlmConfig = AppConfig['llm'];
export type ProviderName = LlmConfig['provider'];

/** A kind of model provider. Adding one is one file under `providers/` and one line in the registry. */
export interface ModelProvider {
  readonly name: ProviderName;
  /** Makes the configured model ready; throws a ModelError `configuration` when it cannot. */
  open(config: LlmConfig): OpenModel;
}

/** A model ready to be asked. */
export interface OpenModel {
  readonly provider: ProviderName;
  readonly model: string;
  generate<T>(request: ModelRequest<T>): Promise<ModelAnswer<T>>;
}
