import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/** Thrown with every malformed setting at once; `message` is fit to print. Values are not repeated: some are secret. */
export class ConfigError extends Error {
  readonly problems: string[];

  constructor(problems: string[]) {
    super(`These settings are malformed:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const apiRoles = ['query', 'command', 'gateway'] as const;
export type ApiRole = (typeof apiRoles)[number];

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const port = (fallback: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/, 'must be a port number from 1 to 65535')
    .transform(Number)
    .refine((value) => value >= 1 && value <= 65_535, 'must be a port number from 1 to 65535')
    .default(fallback);

const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const networks = list.refine(
  (items) => items.every(isNetwork),
  'must be a comma-separated list of networks such as 10.0.0.0/8,fd00::/8',
);

const secret = z.string().min(32, 'must be 32 or more characters');

/** What links are made of by putting a path behind it. */
const baseUrl = z.string().refine((value) => {
  if (!URL.canParse(value)) return false;
  const { protocol, search, hash, username, password } = new URL(value);
  return ['http:', 'https:'].includes(protocol) && !search && !hash && !username && !password;
}, 'must be an http:// or https:// URL without a query, a fragment or credentials');

const schema = z.object({
  PORT: port(8080),
  DATA_DIR: z.string().default('.data'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\/[^/]/, 'must be a postgres:// URL with a host')
    .optional(),
  TEMPORAL_ADDRESS: z.string().refine(isHostAndPort, 'must be host:port').optional(),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_BIN: z.string().optional(),
  TEMPORAL_UI_PORT: port(8233),
  ADMIN_API_KEY: secret.optional(),
  SECRET_KEY: secret.optional(),
  PUBLIC_URL: baseUrl.optional(),
  API_ROLES: list
    .refine(
      (items) => items.length > 0 && items.every((item) => (apiRoles as readonly string[]).includes(item)),
      `must be a comma-separated list of ${apiRoles.join(', ')}`,
    )
    .transform((items) => items as ApiRole[])
    .default([...apiRoles]),
  OUTBOUND_ALLOWED_NETWORKS: networks.optional(),
  TRUSTED_PROXIES: networks.default([]),
  SMTP_URL: z
    .string()
    .refine(
      isSmtpUrl,
      'must be an smtp:// or smtps:// URL of a host, without path or query; escape its password as in URLs',
    )
    .optional(),
  MAIL_FROM: z
    .string()
    .refine(isMailbox, 'must be an e-mail address, such as tocsin@example.com or Tocsin <tocsin@example.com>')
    .optional(),
  LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).default('info'),
});

/** Every setting of the product, validated. Undefined where nothing was given and there is no default. */
export interface Config {
  port: number;
  dataDir: string;
  databaseUrl: string | undefined;
  temporalAddress: string | undefined;
  temporalNamespace: string;
  temporalBin: string | undefined;
  temporalUiPort: number;
  adminApiKey: string | undefined;
  secretKey: string | undefined;
  /** Without a trailing slash. */
  publicUrl: string;
  apiRoles: ApiRole[];
  /** CIDR networks; undefined means nobody set it. */
  outboundAllowedNetworks: string[] | undefined;
  trustedProxies: string[];
  /** Never without `mailFrom`. */
  smtpUrl: string | undefined;
  mailFrom: string | undefined;
  logLevel: string;
}

export const settingNames = Object.keys(schema.shape);

/** Reads and checks all settings; an empty value counts as absent. `required` names what this process cannot do without. */
export function loadConfig(env: Record<string, string | undefined>, required: string[] = []): Config {
  const given = Object.fromEntries(settingNames.map((name) => [name, env[name] === '' ? undefined : env[name]]));
  const missing = required.filter((name) => given[name] === undefined).map((name) => `${name} is required here`);
  const parsed = schema.safeParse(given);
  const malformed = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  // A server without a sender cannot send; a sender without a server says only that mail is still to be set up.
  if (given.SMTP_URL !== undefined && given.MAIL_FROM === undefined && !required.includes('MAIL_FROM'))
    missing.push('MAIL_FROM is required with SMTP_URL');
  if (!parsed.success || missing.length > 0) throw new ConfigError([...malformed, ...missing]);

  const value = parsed.data;
  return {
    port: value.PORT,
    dataDir: value.DATA_DIR,
    databaseUrl: value.DATABASE_URL,
    temporalAddress: value.TEMPORAL_ADDRESS,
    temporalNamespace: value.TEMPORAL_NAMESPACE,
    temporalBin: value.TEMPORAL_BIN,
    temporalUiPort: value.TEMPORAL_UI_PORT,
    adminApiKey: value.ADMIN_API_KEY,
    secretKey: value.SECRET_KEY,
    publicUrl: (value.PUBLIC_URL ?? `http://localhost:${value.PORT}`).replace(/\/+$/, ''),
    apiRoles: value.API_ROLES,
    outboundAllowedNetworks: value.OUTBOUND_ALLOWED_NETWORKS,
    trustedProxies: value.TRUSTED_PROXIES,
    smtpUrl: value.SMTP_URL,
    mailFrom: value.MAIL_FROM,
    logLevel: value.LOG_LEVEL,
  };
}

function isNetwork(text: string): boolean {
  return ipaddr.isValidCIDR(text) || ipaddr.isValid(text);
}

function isSmtpUrl(text: string): boolean {
  if (!/^smtps?:\/\/[^/?#\s]+\/?$/.test(text) || !URL.canParse(text)) return false;
  const { hostname, username, password } = new URL(text);
  // A password alone, or one with a stray percent sign, is a slip.
  return hostname !== '' && (username !== '' || password === '') && isDecodable(username) && isDecodable(password);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** One address, with or without a name; anything else would be read as several, or end the header. */
function isMailbox(text: string): boolean {
  const [, address] = /^(?:[^<>"\p{Cc},;:]*<([^<>]+)>|[^<>\s]+)$/u.exec(text) ?? [];
  return !/\p{Cc}/u.test(text) && z.regexes.email.test(address ?? text);
}

function isHostAndPort(text: string): boolean {
  const port = Number(/^[^\s/]+:(\d{1,5})$/.exec(text)?.[1]);
  return port >= 1 && port <= 65_535;
}
