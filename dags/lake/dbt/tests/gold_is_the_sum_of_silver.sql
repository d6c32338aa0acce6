select day from (select day, sum(cents) as fine from {{ ref('silver') }} group by day)
left join (select day, sum(cents) as coarse from {{ ref('gold') }} group by day) using (day)
where fine is distinct from coarse
