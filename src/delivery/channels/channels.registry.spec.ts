import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { getConfigToken } from '@nestjs/config';
import { configSchema } from '../../config/config.schema.js';
import { CLOCK, systemClock } from '../../kernel/clock.js';
import { CHANNEL_PROVIDERS, ChannelsRegistry } from './channels.registry.js';
import { CHANNEL_NAMES } from './delivery-channel.js';

describe('ChannelsRegistry', () => {
  it('every channel name has its channel', async () => {
    const module = await Test.createTestingModule({
      providers: [
        ...CHANNEL_PROVIDERS,
        { provide: CLOCK, useValue: systemClock },
        { provide: getConfigToken('delivery'), useValue: configSchema.shape.delivery.parse({}) },
        {
          provide: getConfigToken('instance'),
          useValue: { environment: 'test', dataDir: '', version: '0.0.0' },
        },
      ],
    }).compile();
    const registry = module.get(ChannelsRegistry);

    expect(CHANNEL_NAMES.map((name) => registry.find(name)?.name)).toEqual([...CHANNEL_NAMES]);
    expect(registry.find('pigeon')).toBeUndefined();
  });
});
