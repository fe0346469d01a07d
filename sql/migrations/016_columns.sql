-- Replaced by functions with other parameters: the rules of an enqueue are asked of whole batches.
drop function if exists pulp.enqueued_data(jsonb, timestamptz);
drop function if exists pulp.check_same_content(uuid[], jsonb, timestamptz);
drop function if exists pulp.refuse_plain_secrets(jsonb);
drop function if exists pulp.refuse_purged(jsonb);
