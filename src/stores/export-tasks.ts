import type postgres from 'postgres';
import type { Viewer } from '../domain/access/viewer.ts';
import type { Visibility } from '../domain/incident/snapshot.ts';
import { ofIncident } from './export-incidents.ts';
import type { ExportFilter } from './exports.ts';
import type { TaskKind, TaskStatus } from '../domain/incident/task.ts';
import type { Transaction } from './sql.ts';
import { isVisibleTo } from './visibility.ts';

export interface ExportedTask {
  id: string;
  incidentId: string;
  incidentNumber: number;
  incident: string;
  visibility: Visibility;
  teamId: string;
  team: string;
  title: string;
  description: string;
  status: TaskStatus;
  priority: string | null;
  labels: string[];
  assigneeId: string | null;
  assignee: string | null;
  creator: string;
  createdAt: string;
  updatedAt: string;
  completedAt: string | null;
}

export function exportedTasks(
  tx: Transaction,
  organisationId: string,
  viewer: Viewer,
  kind: TaskKind,
  filter: ExportFilter<TaskStatus>,
): postgres.Fragment {
  return tx`
    SELECT k.id, k.incident_id, i.number AS incident_number, i.name AS incident, i.visibility, i.team_id,
      (SELECT t.name FROM teams t WHERE t.organisation_id = i.organisation_id AND t.id = i.team_id) AS team,
      k.title, k.description, k.status, k.priority, k.labels, k.assignee_id,
      (SELECT m.name FROM members m WHERE m.organisation_id = k.organisation_id AND m.id = k.assignee_id) AS assignee,
      k.creator->>'name' AS creator, k.created_at, k.updated_at, k.completed_at
    FROM incident_tasks k JOIN incidents i ON i.organisation_id = k.organisation_id AND i.id = k.incident_id
    WHERE k.organisation_id = ${organisationId} AND k.kind = ${kind} AND ${isVisibleTo(tx, viewer, 'i')}
      ${filter.statuses === undefined ? tx`` : tx`AND k.status = ANY(${filter.statuses})`}
      ${filter.since === undefined ? tx`` : tx`AND k.created_at >= ${filter.since}::text::timestamptz`}
      ${filter.until === undefined ? tx`` : tx`AND k.created_at < ${filter.until}::text::timestamptz`}
      ${ofIncident(tx, filter)}
    ORDER BY k.created_at, k.id`;
}
