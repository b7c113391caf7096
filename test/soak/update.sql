\set m random(1, 3)
\set id random(1, 19000)
SELECT ae_update_model('m' || :m, format(
	'SELECT a, b, c, d FROM source WHERE id BETWEEN %s AND %s',
	:id, :id + 300), '{"epochs": 1}');
