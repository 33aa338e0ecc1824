import { z } from 'zod';

export const reference = z
  .string()
  .regex(/^\$(\.[A-Za-z0-9_]+)+$/)
  .meta({
    description:
      'A path into the run: $.input…, $.outputs.<step>…, $.signals.<name>…, $.item…, $.index, $.output…, $.review.comments',
  });

export const template = z
  .record(z.string(), z.unknown())
  .meta({ description: 'An object in which a text that starts with "$." is replaced by what it refers to.' });
