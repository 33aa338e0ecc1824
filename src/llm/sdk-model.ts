import { extractJsonMiddleware, generateText, Output, wrapLanguageModel } from 'ai';
import { describeAnswer } from './answer-schema.js';
import { unwrapJson } from './answer-text.js';
import { ModelError } from './model-error.js';
import type { LlmConfig, OpenModel, ProviderName } from './model-provider.js';
import type { ModelAnswer, ModelRequest } from './model-request.js';
import { priceUsage } from './model-usage.js';
import { toModelError } from './sdk-error.js';

// The SDK would print warnings to the console, past our logger and its masking.
globalThis.AI_SDK_LOG_WARNINGS = false;

/** A language model object of any AI SDK provider package. */
type SdkLanguageModel = Parameters<typeof wrapLanguageModel>[0]['model'];

/** A model behind the AI SDK. Time limits, retries and fallbacks are not its business: one request, one call. */
export class SdkModel implements OpenModel {
  readonly model: string;
  private readonly languageModel: ReturnType<typeof wrapLanguageModel>;

  constructor(
    readonly provider: ProviderName,
    languageModel: SdkLanguageModel,
    private readonly config: LlmConfig,
  ) {
    this.model = languageModel.modelId;
    this.languageModel = wrapLanguageModel({
      model: languageModel,
      middleware: extractJsonMiddleware({ transform: unwrapJson }),
    });
  }

  async generate<T>(request: ModelRequest<T>): Promise<ModelAnswer<T>> {
    const { wire, instruction } = describeAnswer(request.schema);
    try {
      const result = await generateText({
        model: this.languageModel,
        instructions: `${request.system}\n\n${instruction}`,
        prompt: request.prompt,
        output: Output.object({ schema: wire }),
        abortSignal: request.signal,
        maxRetries: 0,
        maxOutputTokens: request.maxOutputTokens ?? this.config.maxOutputTokens,
      });
      const usage = priceUsage(result.usage, this.config);
      if (result.finishReason === 'content-filter') throw new ModelError('refused', { usage });
      // The getter of `output` throws when the model wrote nothing at all.
      if (result.text === '') throw new ModelError('invalid_answer', { usage, hint: 'empty answer' });
      return { output: result.output, usage, provider: this.provider, model: this.model };
    } catch (error) {
      if (request.signal.aborted) throw abortReason(request.signal);
      throw toModelError(error, (tokens) =>
        priceUsage({ inputTokens: tokens?.inputTokens, outputTokens: tokens?.outputTokens }, this.config),
      );
    }
  }
}

/** A time limit that passed is a model error; a caller that gave up gets its own reason back. */
function abortReason(signal: AbortSignal): unknown {
  const reason: unknown = signal.reason;
  return reason instanceof DOMException && reason.name === 'TimeoutError'
    ? new ModelError('timeout')
    : reason;
}
