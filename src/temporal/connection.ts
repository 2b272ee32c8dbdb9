import { Client, Connection, makeGrpcRetryInterceptor } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Config } from '../config.ts';
import { grpcRetryOptions } from './grpc-retry.ts';

/**
 * Where Temporal is and how to get in: the standard `TEMPORAL_*` settings (address, namespace, TLS, API key, a
 * profile), so that a self-hosted cluster and Temporal Cloud need nothing of our own.
 */
export function temporalConnectOptions(config: Config, env: Record<string, string | undefined>) {
  const { connectionOptions, namespace } = loadClientConnectConfig({
    // A file of the user's own must not redirect us unasked.
    disableFile: !env.TEMPORAL_CONFIG_FILE && !env.TEMPORAL_PROFILE,
    overrideEnvVars: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >,
  });
  return {
    connectionOptions: { ...connectionOptions, address: config.temporalAddress ?? connectionOptions.address },
    namespace: namespace ?? config.temporalNamespace,
  };
}

/** Connects at the first call, so that a process starts while Temporal is still down. */
export function createTemporalClient(
  config: Config,
  env: Record<string, string | undefined>,
): { client: Client; connection: Connection; namespace: string } {
  const { connectionOptions, namespace } = temporalConnectOptions(config, env);
  const connection = Connection.lazy({
    ...connectionOptions,
    interceptors: [makeGrpcRetryInterceptor(grpcRetryOptions())],
  });
  return { client: new Client({ connection, namespace }), connection, namespace };
}
