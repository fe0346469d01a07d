-- By what tasks are looked for beside their ids and times. None of these changes in what every task goes through, so that its updates stay in place. Most tasks
-- are in the queue that is the default, and many claim nothing: they cost nothing in the indexes of the others.
create index task_name on pulp.task (name, enqueued_at);
create index task_queue on pulp.task (queue, enqueued_at) where queue <> 'default';
create index task_claims on pulp.task using gin ((exclusive_resources || shared_resources))
  where exclusive_resources || shared_resources <> '{}';
