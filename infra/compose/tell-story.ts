import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from '@bursar/db/pool';
import { z } from 'zod';
