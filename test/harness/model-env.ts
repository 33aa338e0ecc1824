/** Settings that let a product ask a model server, and try each call once. */
export function modelEnv(url: string): Record<string, string> {
  return {
    COUNTERSIGN__LLM__PROVIDER: 'openai-compatible',
    COUNTERSIGN__LLM__BASE_URL: url,
    COUNTERSIGN__LLM__MODEL: 'mock-1',
    COUNTERSIGN__LLM__INPUT_PRICE_PER_MILLION: '3',
    COUNTERSIGN__LLM__OUTPUT_PRICE_PER_MILLION: '15',
    COUNTERSIGN__ERROR_RECOVERY__MAX_ATTEMPTS: '1',
  };
}
