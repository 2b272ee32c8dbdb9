import type { Deed } from '../../domain/incident/trail.ts';

type Way = Pick<Deed, 'agent' | 'channel'>;

/**
 * PagerDuty's `channel.type`: a person acts on the website, in ours by whatever console calls the API for them or in
 * the Temporal UI; programs use the API; timers are timeouts.
 */
export function channelType({ agent, channel }: Way): 'website' | 'api' | 'timeout' {
  if (channel === 'timer') return 'timeout';
  return agent.type === 'member' || channel === 'signal' ? 'website' : 'api';
}

/** Of what opened it: only what people report by hand is a `web_trigger`. */
export function triggerChannelType(way: Way): 'web_trigger' | 'api' {
  return channelType(way) === 'website' ? 'web_trigger' : 'api';
}

/** The words that V1 has for that. */
export function triggerType(way: Way | null): 'web_trigger' | 'trigger_svc_event' {
  return way && triggerChannelType(way) === 'web_trigger' ? 'web_trigger' : 'trigger_svc_event';
}

/** As PagerDuty sums up how an incident began. */
export function triggerSummary(way: Way | null): string {
  return `Triggered through the ${way && triggerChannelType(way) === 'web_trigger' ? 'website' : 'API'}`;
}

/** `by Laura Haley`, `by timeout`. */
export function by({ agent, channel }: Way): string {
  return `by ${channel === 'timer' ? 'timeout' : agent.name}`;
}
