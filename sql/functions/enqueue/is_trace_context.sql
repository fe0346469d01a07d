-- Whether this is what W3C Trace Context says of a trace: a traceparent, and a tracestate if there is one.
create or replace function pulp.is_trace_context(given jsonb) returns boolean
language sql immutable parallel safe as $$
  select jsonb_typeof(given) = 'object' and given - array['traceparent', 'tracestate'] = '{}'
    and jsonb_typeof(given -> 'traceparent') is not distinct from 'string'
    and given ->> 'traceparent' ~ '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'
    and (given -> 'tracestate' is null or jsonb_typeof(given -> 'tracestate') = 'string' and octet_length(given ->> 'tracestate') <= 512)
$$;
comment on function pulp.is_trace_context is 'Whether this is what W3C Trace Context says of a trace.';
