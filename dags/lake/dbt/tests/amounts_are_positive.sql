select number from {{ ref('silver') }} where cents <= 0
