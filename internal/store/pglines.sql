WITH ours AS (
	SELECT c.*, format('%s.%s', n.nspname, c.relname) AS name, n.nspname AS schema
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname IN ('stead', 'stead_keys') OR n.nspname = 'public' AND c.relname LIKE 'stead\_schema%'
), lines (line) AS (
	SELECT concat_ws(' ', CASE relkind WHEN 'r' THEN 'table' WHEN 'i' THEN 'index' WHEN 'v' THEN 'view' ELSE 'relation ' || relkind::text END, name,
		CASE relpersistence WHEN 'p' THEN NULL WHEN 'u' THEN 'unlogged' ELSE 'temporary' END,
		'by ' || (SELECT amname FROM pg_am a WHERE a.oid = relam),
		CASE WHEN relrowsecurity OR relforcerowsecurity THEN 'with row security' END,
		CASE WHEN schema <> 'public' AND NOT pg_table_is_visible(oid) THEN 'hidden by another of its name' END)
	FROM ours
	UNION ALL
	SELECT concat_ws(' ', 'column', name || '.' || attname, format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'not null' END,
		(SELECT 'collate ' || format('%s.%s', l.collnamespace::regnamespace, l.collname) FROM pg_collation l WHERE l.oid = attcollation),
		'default ' || (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef d WHERE adrelid = attrelid AND adnum = attnum),
		nullif(attidentity::text || attgenerated::text, ''))
	FROM ours JOIN pg_attribute ON attrelid = ours.oid WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'i'
	UNION ALL
	SELECT concat_ws(' ', pg_get_indexdef(indexrelid), CASE WHEN NOT (indisvalid AND indisready AND indislive) THEN 'not in use' END)
	FROM pg_index WHERE indrelid IN (SELECT oid FROM ours)
	UNION ALL
	SELECT concat_ws(' ', 'constraint', conname, 'of', name, pg_get_constraintdef(pg_constraint.oid), CASE WHEN NOT convalidated THEN 'not valid' END)
	FROM ours JOIN pg_constraint ON conrelid = ours.oid WHERE contype <> 'n'
	UNION ALL
	SELECT pg_get_triggerdef(pg_trigger.oid) FROM ours JOIN pg_trigger ON tgrelid = ours.oid
	UNION ALL
	SELECT pg_get_ruledef(pg_rewrite.oid) FROM ours JOIN pg_rewrite ON ev_class = ours.oid
	UNION ALL
	SELECT format('policy %s of %s', polname, name) FROM ours JOIN pg_policy ON polrelid = ours.oid
	UNION ALL
	SELECT format('table %s that belongs to %s', inhrelid::regclass, inhparent::regclass)
	FROM pg_inherits WHERE inhparent IN (SELECT oid FROM ours) OR inhrelid IN (SELECT oid FROM ours)
	UNION ALL
	SELECT format('function %s', oid::regprocedure) FROM pg_proc p
	WHERE pronamespace IN (to_regnamespace('stead'), to_regnamespace('stead_keys'))
		OR pronamespace = 'pg_catalog'::regnamespace AND oid >= 16384
		AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')
	UNION ALL
	SELECT format('operator %s', oid::regoperator) FROM pg_operator o
	WHERE oprnamespace IN (to_regnamespace('stead'), to_regnamespace('stead_keys'))
		OR oprnamespace = 'pg_catalog'::regnamespace AND oid >= 16384
		AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_operator'::regclass AND objid = o.oid AND deptype = 'e')
	UNION ALL
	SELECT format('type %s', oid::regtype) FROM pg_type
	WHERE typnamespace IN (to_regnamespace('stead'), to_regnamespace('stead_keys')) AND typrelid = 0 AND typelem = 0
)
SELECT line FROM lines ORDER BY line
