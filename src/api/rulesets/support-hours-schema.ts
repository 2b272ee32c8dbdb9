import { z } from 'zod';
import type { SupportHours } from '../../domain/schedule/support-hours.ts';
import { timeZone, urgency } from '../fields.ts';
import { weekDays } from '../schedules/entry-schema.ts';
import { timeOfDay } from '../schedules/times.ts';

const description =
  'The urgency that incidents have within these hours and outside of them, from their opening on; instead of `urgency`.';
const examples = [
  {
    time_zone: 'Europe/Berlin',
    week_days: [1, 2, 3, 4, 5],
    start_time: '08:00:00',
    end_time: '17:59:59',
    urgency: 'high' as const,
    otherwise: 'low' as const,
  },
];

export const supportHours = z
  .strictObject({
    time_zone: timeZone,
    week_days: weekDays.meta({ description: 'On which they start; 0 is Sunday.' }),
    start_time: timeOfDay,
    end_time: timeOfDay.meta({ description: 'Their last second: of the next day when it is not after `start_time`.' }),
    urgency: urgency.meta({ description: 'Within them.' }),
    otherwise: urgency.meta({ description: 'Outside of them.' }),
  })
  .meta({ description, examples });

export const shownSupportHours = z
  .object({
    time_zone: z.string(),
    week_days: z.array(z.int()),
    start_time: z.string(),
    end_time: z.string(),
    urgency,
    otherwise: urgency,
  })
  .meta({ id: 'SupportHours', description, examples });

export function readSupportHours(body: z.output<typeof supportHours>): SupportHours {
  return {
    timeZone: body.time_zone,
    weekDays: body.week_days,
    startTime: body.start_time,
    endTime: body.end_time,
    urgency: body.urgency,
    otherwise: body.otherwise,
  };
}

export function presentSupportHours(stored: SupportHours): z.output<typeof supportHours> {
  return {
    time_zone: stored.timeZone,
    week_days: stored.weekDays,
    start_time: stored.startTime,
    end_time: stored.endTime,
    urgency: stored.urgency,
    otherwise: stored.otherwise,
  };
}
