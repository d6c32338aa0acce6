-- All that was let in. Columns are matched by their names: one that only one source has comes along.
with rows as (
  {% for n in range(50) %}
  select 'source-{{ "%02d" % n }}' as source, * from {{ source('bronze', 'source_%02d' % n) }}
  {% if not loop.last %}union all by name{% endif %}
  {% endfor %}
)
select source, day, "order" as number, * exclude (source, day, "order") from rows
