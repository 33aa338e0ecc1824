import type { Secret } from './endpoints/endpoint.js';
import type { CreatedEndpoint, ShownEndpoint } from './endpoints/endpoint-registry.service.js';
import type { NewSecret } from './endpoints/endpoint-secrets.service.js';
import type { CreatedSecretDto, CreatedWebhookDto, WebhookDto, WebhookSecretDto } from './webhook.dto.js';

export function presentWebhook(endpoint: ShownEndpoint): WebhookDto {
  return {
    id: endpoint.id,
    url: endpoint.url,
    eventTypes: [...endpoint.eventTypes],
    description: endpoint.description,
    definition: endpoint.definition,
    enabled: endpoint.disabledReason === null,
    disabledReason: endpoint.disabledReason,
    failingSince: endpoint.failingSince?.toISOString() ?? null,
    secrets: endpoint.secrets.map(presentSecret),
    createdBy: endpoint.createdBy,
    createdAt: endpoint.createdAt.toISOString(),
    updatedAt: endpoint.updatedAt.toISOString(),
  };
}

export function presentCreatedWebhook(endpoint: CreatedEndpoint): CreatedWebhookDto {
  return Object.assign(presentWebhook(endpoint), { secret: endpoint.secret });
}

export function presentCreatedSecret({ sealed, plain }: NewSecret): CreatedSecretDto {
  return Object.assign(presentSecret(sealed), { secret: plain });
}

function presentSecret({ id, createdAt, expiresAt }: Secret): WebhookSecretDto {
  return { id, createdAt: createdAt.toISOString(), expiresAt: expiresAt?.toISOString() ?? null };
}
