-- A day of silver replaces its day of gold. Days whose files are gone stay as they were counted.
{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='day') }}
select day, region, count(*) as orders, sum(cents)::bigint as cents from {{ ref('silver') }} group by day, region
