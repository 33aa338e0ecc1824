import { describe, expect, it } from 'vitest';
import { llmConfig } from '../../../test/harness/llm-config.fixture.js';
import { apiKeyOf, baseUrlOf } from './provider-settings.js';

const OWN = 'https://api.example.com/v1';

describe('baseUrlOf', () => {
  it.each([
    [undefined, OWN],
    ['http://gateway.example.com', 'http://gateway.example.com/v1'],
    ['http://gateway.example.com/', 'http://gateway.example.com/v1'],
    ['http://gateway.example.com/models/v2/', 'http://gateway.example.com/models/v2'],
  ])('turns %s into %s', (baseUrl, expected) => {
    expect(baseUrlOf(llmConfig({ baseUrl }), OWN)).toBe(expected);
  });
});

describe('apiKeyOf', () => {
  it('lets the general key win over the provider’s', () => {
    expect(apiKeyOf(llmConfig({ apiKey: 'general' }), 'own')).toBe('general');
    expect(apiKeyOf(llmConfig(), 'own')).toBe('own');
  });

  it('lets a gateway go without a key', () => {
    expect(apiKeyOf(llmConfig({ baseUrl: 'http://gateway.example.com' }), undefined)).toBe('none');
  });
});
