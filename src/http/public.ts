import { Reflector } from '@nestjs/core';

/** Marks a route that answers without authentication: `@Public(true)`. Every other route is closed. */
export const Public = Reflector.createDecorator<boolean>();
