import { Logger } from '@nestjs/common';
import { describe, expect, it, vi } from 'vitest';
import { startTestApplication } from '../../test/harness/http-application.fake.js';

describe('making the application', () => {
  it('logs through its own logger what Nest said before that logger was there', async () => {
    const test = await startTestApplication();
    const components = test.logged().map(({ component }) => component);
    expect(components).toEqual(expect.arrayContaining(['NestFactory', 'InstanceLoader', 'RouterExplorer']));
    await test.app.close();
  });

  it('logs nothing when it fails: the fault goes to the caller, with causes that no mask has seen', async () => {
    const line = vi.fn();
    // Stands for Nest's own logger, which is in place until ours is made.
    Logger.overrideLogger({ log: line, warn: line, error: line, debug: line });
    const fault = new Error('no database', { cause: new Error('row (ada.brandt@example.org)') });
    const broken = { provide: 'BROKEN', useFactory: () => Promise.reject(fault) };
    await expect(startTestApplication({ providers: [broken] })).rejects.toBe(fault);
    expect(line).not.toHaveBeenCalled();
  });
});
