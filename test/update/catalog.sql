-- All that the extension is in this database, a line each, without numbers
-- that differ from database to database.
WITH extension AS (
	SELECT * FROM pg_extension WHERE extname = 'autoencoder'
), member AS (
	SELECT classid, objid
	  FROM pg_depend, extension e
	 WHERE refclassid = 'pg_extension'::regclass AND refobjid = e.oid
), relation AS (
	SELECT c.* FROM pg_class c JOIN member ON objid = c.oid AND classid = 'pg_class'::regclass
	 UNION
	SELECT c.* FROM pg_class c JOIN pg_type t ON typrelid = c.oid
	  JOIN member ON objid = t.oid AND classid = 'pg_type'::regclass
), line (line) AS (
	SELECT concat_ws(' | ', 'extension', extversion, extrelocatable, extconfig::regclass[], extcondition)
	  FROM extension
	 UNION ALL
	SELECT concat_ws(' | ', pg_describe_object(classid, objid, 0),
					 obj_description(objid, classid::regclass::name),
					 (SELECT string_agg(concat_ws(':', objsubid, privtype, initprivs), ' ' ORDER BY objsubid)
						FROM pg_init_privs i WHERE (i.classoid, i.objoid) = (classid, objid)))
	  FROM member
	 UNION ALL
	SELECT concat_ws(' | ', p.oid::regprocedure, prokind, prosrc, probin, provolatile,
					 proparallel, proisstrict, procost, prorows, prosupport,
					 prosecdef, proleakproof, proretset, proconfig, proacl,
					 pg_get_function_arguments(p.oid), pg_get_function_result(p.oid))
	  FROM pg_proc p JOIN member ON objid = p.oid
	 UNION ALL
	SELECT concat_ws(' | ', aggfnoid::regprocedure, aggkind, aggtransfn, aggfinalfn,
					 aggcombinefn, aggserialfn, aggdeserialfn, aggmtransfn,
					 aggfinalextra, aggfinalmodify, aggsortop,
					 format_type(aggtranstype, -1), aggtransspace, agginitval)
	  FROM pg_aggregate JOIN member ON objid = aggfnoid
	 UNION ALL
	SELECT concat_ws(' | ', 'type', typname, typtype, typlen, typbyval, typalign,
					 typstorage, typcategory, typinput, typoutput, typreceive,
					 typsend, typnotnull, typdefault, typacl)
	  FROM pg_type t JOIN member ON objid = t.oid
	 UNION ALL
	SELECT concat_ws(' | ', 'relation', relname, relkind, relpersistence, reloptions,
					 relrowsecurity, relforcerowsecurity, relacl, relreplident,
					 CASE WHEN relkind = 'v' THEN pg_get_viewdef(oid) END)
	  FROM relation
	 UNION ALL
	SELECT concat_ws(' | ', 'column', relname, attnum, attname, format_type(atttypid, atttypmod),
					 attnotnull, attstorage, attcollation::regcollation, attacl,
					 pg_get_expr(adbin, adrelid))
	  FROM relation r JOIN pg_attribute a ON attrelid = r.oid
	  LEFT JOIN pg_attrdef ON adrelid = r.oid AND adnum = attnum
	 WHERE attnum > 0
	 UNION ALL
	SELECT concat_ws(' | ', 'constraint', relname, conname, convalidated, pg_get_constraintdef(c.oid))
	  FROM relation r JOIN pg_constraint c ON conrelid = r.oid
	 UNION ALL
	SELECT concat_ws(' | ', 'index', pg_get_indexdef(indexrelid))
	  FROM relation r JOIN pg_index ON indrelid = r.oid
	 UNION ALL
	SELECT concat_ws(' | ', 'trigger', relname, tgname, tgenabled, pg_get_triggerdef(t.oid))
	  FROM relation r JOIN pg_trigger t ON tgrelid = r.oid WHERE NOT tgisinternal
	 UNION ALL
	SELECT concat_ws(' | ', 'policy', relname, polname, polcmd, polpermissive, polroles::regrole[],
					 pg_get_expr(polqual, r.oid), pg_get_expr(polwithcheck, r.oid))
	  FROM relation r JOIN pg_policy ON polrelid = r.oid
)
SELECT line FROM line ORDER BY line COLLATE "C";
