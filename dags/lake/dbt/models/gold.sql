select day, region, count(*) as orders, sum(cents)::bigint as cents from {{ ref('silver') }} group by day, region
