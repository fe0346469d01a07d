-- Tasks that are run again after their end: whoever looks at the past has to know which were over then and are not now.
create index event_batch_requeued on pulp.event_batch (recorded_at) where type = 'TaskRequeued';
