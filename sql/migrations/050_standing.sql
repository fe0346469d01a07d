-- Functions that are made anew with other parameters: what they refuse is named by its place among all that was asked for.
drop function if exists pulp.settle_unique_keys(jsonb, timestamptz, uuid[], jsonb[], text[], uuid[]);
drop function if exists pulp.awaiting_facts(uuid[], jsonb, jsonb[], uuid[]);
drop function if exists pulp.refuse_purged(uuid[]);
drop function if exists pulp.refuse_held(uuid[]);
