-- Functions that are made anew with other parameters.
drop function if exists pulp.take_deliveries(integer, double precision);
drop function if exists pulp.settle_delivery(text, text, text, integer, text);
