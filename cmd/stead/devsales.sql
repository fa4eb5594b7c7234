CREATE ROLE stead_sales LOGIN CREATEROLE PASSWORD '@PASSWORD@';
CREATE DATABASE sales;
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
REVOKE TEMPORARY ON DATABASE sales FROM PUBLIC;
GRANT CONNECT ON DATABASE sales TO stead_sales WITH GRANT OPTION;
GRANT CREATE ON DATABASE sales TO stead_sales;
-- sales
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, city text NOT NULL, card text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customers, placed date NOT NULL, total numeric(10,2) NOT NULL);
CREATE TABLE salaries (employee text PRIMARY KEY, monthly numeric(10,2) NOT NULL);
INSERT INTO customers SELECT n, (ARRAY['Dana Reyes','Erin Walsh','Finn Aalto','Gina Moretti','Hugo Lefèvre','Iris van Dam','Jonas Berg','Kira Novák','Liam Byrne','Mona Haddad','Nils Holm','Olga Wójcik'])[n],
	(ARRAY['Berlin','Cork','Helsinki','Genova','Strasbourg','Utrecht','Göteborg','Praha','Galway','Bruxelles','København','Kraków'])[n], '4000 0000 0000 ' || 1000 + n FROM generate_series(1, 12) n;
INSERT INTO orders SELECT n, 1 + n % 12, current_date - n % 60, 19 + (n * 7919) % 900 + 0.90 FROM generate_series(1, 140) n;
INSERT INTO salaries VALUES ('sam', 3900), ('maya', 5200), ('omar', 5600);
GRANT USAGE ON SCHEMA public TO stead_sales WITH GRANT OPTION;
GRANT SELECT ON customers, orders TO stead_sales WITH GRANT OPTION;
