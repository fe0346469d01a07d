-- Transaction ids and positions belong to one history of one cluster. Each history that this log went through is an era.

create sequence pulp.era_offset minvalue 0;
select setval('pulp.era_offset', 0);
comment on sequence pulp.era_offset is 'What the log adds to the cluster''s transaction ids at present, so that they ascend over eras. A sequence, for an appender is to see the latest, however old its snapshot; set together with the row of pulp.era.';

create table pulp.era (
  number bigint primary key,
  reason text,
  system_identifier bigint,
  timeline integer,
  log oid not null,
  tx_offset bigint not null,
  first_tx xid8 not null,
  first_position bigint not null,
  cut_tx xid8,
  cut_position bigint,
  begun_at timestamptz not null default clock_timestamp()
);
comment on table pulp.era is 'The histories of clusters that the log went through: restored, promoted, moved. An event is of the latest era whose first_tx is not above its tx.';
comment on column pulp.era.number is 'The first part of a cursor. The first is 1; each later one the number of milliseconds from 2000 to its beginning, so that no other history of this log has an era of this number.';
comment on column pulp.era.reason is 'What showed that the history before it had ended; null of the first.';
comment on column pulp.era.system_identifier is 'Of the cluster; null: the server does not tell.';
comment on column pulp.era.timeline is 'Of the cluster; null: the server does not tell.';
comment on column pulp.era.log is 'The oid of this table then: another one once the schema was restored from a dump.';
comment on column pulp.era.tx_offset is 'What the log adds to the cluster''s transaction ids.';
comment on column pulp.era.first_tx is 'No event of it has a lower tx, and none of an earlier era as high a one.';
comment on column pulp.era.first_position is 'No event of it has a lower position, and none of any earlier history as high a one.';
comment on column pulp.era.cut_tx is 'With cut_position: up to here this log has all that any reader can have seen of the era before; a reader that is beyond it saw what was lost.';
comment on column pulp.era.cut_position is 'See cut_tx.';
comment on column pulp.era.begun_at is 'When it was begun; the first one: or when eras came to be recorded.';

insert into pulp.era (number, log, tx_offset, first_tx, first_position)
  values (1, 'pulp.era'::regclass, 0, '0', 0);

comment on column pulp.event.position is 'Order of appending. Concurrent transactions may commit out of this order: page by (tx, position), as pulp.events_after does.';
comment on column pulp.event.tx is 'The appending transaction, or the youngest that had ended before, if that is younger; with what the era adds to it, see pulp.era.';
