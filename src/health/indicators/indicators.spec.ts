import { describe, expect, it } from 'vitest';
import type { AppConfig } from '../../config/app-config.js';
import { configurationIndicator } from './configuration.indicator.js';
import { decideDiskHealth, diskIndicator } from './disk.indicator.js';
import { decideMemoryHealth } from './memory.indicator.js';
import { modelProviderIndicator } from './model-provider.indicator.js';

const providerStatus = async (config: Partial<AppConfig['llm']>) =>
  (await modelProviderIndicator(config as AppConfig['llm']).check()).status;

const configurationStatus = async (
  environment: AppConfig['instance']['environment'],
  tier: 'server' | 'embedded',
) => (await configurationIndicator({ environment } as AppConfig['instance'], { tier }).check()).status;

describe('disk', () => {
  it.each([
    [0.5, 'healthy'],
    [0.1, 'healthy'],
    [0.099, 'degraded'],
    [0.02, 'degraded'],
    [0.019, 'unhealthy'],
    [0, 'unhealthy'],
  ])('with a free share of %d is %s', (share, status) => {
    expect(decideDiskHealth(share).status).toBe(status);
  });

  it('fails where there is no such folder', async () => {
    await expect(diskIndicator('/nowhere/at/all').check()).rejects.toThrow('ENOENT');
  });
});

describe('memory', () => {
  it.each([
    [0.5, 0.5, 'healthy'],
    [0.95, 0, 'degraded'],
    [0.1, 0.91, 'degraded'],
  ])('with heap %d and container %d used is %s', (heap, container, status) => {
    expect(decideMemoryHealth(heap, container).status).toBe(status);
  });
});

describe('model provider', () => {
  it('needs a key where the provider asks for one', async () => {
    expect(await providerStatus({ provider: 'openai' })).toBe('unhealthy');
    expect(await providerStatus({ provider: 'openai', anthropicApiKey: 'x' })).toBe('unhealthy');
    expect(await providerStatus({ provider: 'openai', openaiApiKey: 'x' })).toBe('healthy');
    expect(await providerStatus({ provider: 'anthropic', apiKey: 'x' })).toBe('healthy');
    expect(await providerStatus({ provider: 'google', googleApiKey: 'x' })).toBe('healthy');
    expect(await providerStatus({ provider: 'openai-compatible', apiKey: 'x' })).toBe('unhealthy');
    expect(await providerStatus({ provider: 'openai-compatible', baseUrl: 'http://localhost' })).toBe(
      'healthy',
    );
    expect(await providerStatus({ provider: 'simulation' })).toBe('healthy');
  });

  it('never shows the key', async () => {
    const finding = await modelProviderIndicator({
      provider: 'openai',
      apiKey: 'sk-x',
    } as AppConfig['llm']).check();
    expect(JSON.stringify(finding)).not.toContain('sk-x');
  });
});

describe('configuration', () => {
  it('is degraded where production runs on the embedded database', async () => {
    expect(await configurationStatus('production', 'embedded')).toBe('degraded');
    expect(await configurationStatus('production', 'server')).toBe('healthy');
    expect(await configurationStatus('development', 'embedded')).toBe('healthy');
  });
});
