-- They are told what the caller has seen, so that what is asked for again after a lost answer is done once.
drop function if exists pulp.retry(uuid, text);
drop function if exists pulp.retry_tasks(uuid[], text);
