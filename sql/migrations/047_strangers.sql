-- Functions that are made anew with other parameters.
drop function if exists pulp.take_deliveries(integer, double precision);
drop function if exists pulp.settle_delivery(text, text, text, integer, text);

-- There from the start, so that transactions that do not see it changed are told by its lock.
insert into pulp.young_purge (until) values ('-infinity') on conflict (one) do nothing;
comment on table pulp.young_purge is 'Until when new ids have to be compared with those of purged tasks, since very young tasks were purged; one row.';
comment on column pulp.young_purge.one is 'There is one row.';
